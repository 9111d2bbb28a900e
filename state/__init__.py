"""What is remembered: the questions a rule may ask about the past, and the Redis store that answers a batch of them."""
