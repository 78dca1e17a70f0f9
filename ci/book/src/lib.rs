//! What the book is made of: pages, pairs, directives, regions, results.
