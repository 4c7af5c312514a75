"""What the use cases may ask of the world, as protocols that an adapter and a fake both keep."""
