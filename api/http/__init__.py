"""How HTTP is spoken here: dependencies, problems, headers, pages, long polls, writes that may be repeated."""
