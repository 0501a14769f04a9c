ALTER TABLE entries
    ADD CONSTRAINT entries_name_length CHECK (length(name) BETWEEN 1 AND 60),
    ADD CONSTRAINT entries_message_length CHECK (length(message) BETWEEN 1 AND 500);
