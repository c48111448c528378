CREATE TABLE IF NOT EXISTS items (id int, name text);
INSERT INTO items VALUES (1, 'a "quoted" name');
