"""The step `regrasps`: a finger goes elsewhere while the others hold; planned, played, linked."""
