"""Judge validation: explanations of known quality, and how a judge rates them."""
