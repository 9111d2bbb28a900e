"""What the code of conduct forbids: one module per article of pure functions, and the policy that sets their limits."""
