"""The parts of the demo captioner's training: messages, tokens, model, pictures, learning."""
