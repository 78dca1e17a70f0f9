//! The mdBook preprocessor and renderer of both editions.
