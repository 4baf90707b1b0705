"""`longhand archive …`: rules of archives, and filling them."""
