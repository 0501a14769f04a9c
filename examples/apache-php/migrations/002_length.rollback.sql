ALTER TABLE entries
    DROP CONSTRAINT entries_name_length,
    DROP CONSTRAINT entries_message_length;
