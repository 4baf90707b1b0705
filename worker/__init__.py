"""The product: what happens to a job. Never imports the doors (`api`).

`ROOMS` is its map, from the ground up: a room, be it a file or a folder, imports only rooms that stand before it.
"""

ROOMS = {
    # What everything stands on.
    "version": "Longhand's version",
    "ids": "ids that sort by their time",
    "states": "the states, the legal moves, and the other enums",
    "errors": "every error with a code, by who must act",
    "hints": "what to do about an error, in the product's words",
    "plain_text": "signs that steer a terminal: left out or shown",
    "strict_json": "JSON that is read as it is written, or refused",
    "text_words": "where a word ends, in any script",
    "whole_files": "files that are there whole or not at all",
    "settings": "every variable, its unit and its default",
    "logs": "log lines with fields",
    "shapes": "frozen models of what the doors show and take, and the fields that strangers write",
    "models": "the tables",
    "database": "sessions, clocks and guarded writes on both databases",
    "statements": "statements that are built once and run often",
    "keys": "keys of the API: made, found, rotated, revoked",
    # Tools: they know no job.
    "retry": "an error and a history to a decision",
    "audio": "decoding to windows",
    "split": "windows to the pieces that are sent",
    "limits": "how much of a service the fleet may use",
    "services": "who answers: names to URLs, models, limits, prices",
    "search": "words and phrases in current transcripts",
    "media": "recordings' bytes: the store, folders, buckets, and sources that are fetched",
    "spec": "a job's frozen spec and its digests",
    # A job.
    "budgets": "budgets' rows and whose they are",
    "claims": "the two guards of an attempt: the claim with its fence, the lease with its clock",
    "recordings": "recordings' rows: found, added, learnt about",
    "archive_rules": "what an archive sets for its jobs",
    "results": "segments, answers, transcripts, their forms and their sums",
    "queue": "a job from its submission to its end: the verbs, their queries, and what a queued job waits for",
    "breakers": "what each service is doing: one breaker each, for the whole fleet",
    "workers": "workers' signs of life and their room, dispatchers' rounds",
    "spending": "prices, estimates, and what is reserved before it is sent",
    "recognise": "pieces to answers over kept sessions",
    "streams": "recordings that the service cuts itself",
    "attempt": "one attempt at a job, from its claim to how it ends",
    # Many jobs.
    "campaigns": "transcribing an archive again: what is chosen, how it goes on, how it is judged",
    "imports": "filling an archive from manifests, folders and prefixes, in the background",
    "exports": "names, destinations and manifests of transcripts that are written out",
    "probing": "what a service allows, found out by `longhand probe`",
    # What is shown, and what runs.
    "views": "what the doors show of rows",
    "metrics": "figures for Prometheus",
    "processes": "what runs: workers with their slots, the dispatcher, and what both tidy up",
}
