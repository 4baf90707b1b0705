"""What a request asks for: bodies, forms, filters and files, read and checked."""
