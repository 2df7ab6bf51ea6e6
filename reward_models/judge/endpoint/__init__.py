"""A judge behind an OpenAI-compatible endpoint, from question to answer.

`judge` is the judge; `asker` takes answers from `cache` or asks for them. `messages` phrases a
question with the words of `wording`, behind a `fence`; `replies` reads the answer. `sender` sends
it through `client` within `budget` and `breaker`, and retries.
"""
