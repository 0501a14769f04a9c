//! Layered variables: every value knows its layer and where it was written.
