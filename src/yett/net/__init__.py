"""Moving bytes: listeners, TLS by name, the HTTP engine and its adapter for our own applications."""
