"""Questions about discs as data of Twinsieve: `plugin` describes them without torch, `discs` makes them."""
