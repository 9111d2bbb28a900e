"""Who acts: the Faust app, its topics and agents, publishing, acknowledging, metrics and health. No detection logic."""
