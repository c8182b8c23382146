"""Hand-written requests per operation that a conforming host must answer in one way."""
