"""Our end as a client: connections, sessions, exchanges over websocket-client, with our deadlines."""
