"""What a document says: one model per object of the specification, reusable objects resolved."""
