"""The other end: a service that speaks the same protocol, with a recogniser behind it."""
