"""The doors: HTTP and the command line. They only translate.

`ROOMS` is its map, from the ground up: a room imports only rooms that stand before it.
"""

ROOMS = {
    "client": "the command line's client of the HTTP API",
    "http": "how HTTP is spoken here: dependencies, problems, headers, pages, long polls",
    "requests": "what a request asks for: bodies, forms, filters and files, read and checked",
    "routes": "one file for each subject: requests to verbs to answers",
    "app": "the application, and what every request meets first",
    "cli": "the command line",
}
