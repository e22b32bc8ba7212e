"""Tables from distances, their captions and formats, and the page. Knows no paper by name; imports ``papers`` and
``drawing``, and nothing imports it but scripts and what makes a table of its own."""
