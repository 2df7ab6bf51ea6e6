"""A judge behind an OpenAI-compatible endpoint, from question to answer.

`judge` is the judge; `asker` takes answers from `cache` or asks for them. `messages` builds a
question from `wording`, with a `fence` around texts; `replies` parses the answer. `sender` sends
the question through `client` within `budget` and `breaker`, and retries.
"""
