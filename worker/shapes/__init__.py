"""What a door shows or takes: frozen models of nothing but pydantic and our enums, for both ends of the wire."""
