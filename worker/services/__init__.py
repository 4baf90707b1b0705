"""The services that answer: their names, settings, languages and prices."""
