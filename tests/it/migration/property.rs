//! What holds for any migrations.
