//! Certificates as openssl makes them, and what is none.
