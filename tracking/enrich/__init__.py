"""What do an agent, an address and a referrer say? One look-up a file, without Django."""
