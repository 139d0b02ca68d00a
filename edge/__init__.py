"""fingerspell: reads American Sign Language fingerspelling from a camera."""
