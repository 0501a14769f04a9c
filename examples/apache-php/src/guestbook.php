<?php

declare(strict_types=1);

/** The entries of the guestbook, in the database of the environment. */
final class Guestbook
{
    private PDO $database;

    public function __construct()
    {
        $address = sprintf(
            'pgsql:host=%s;port=%s;dbname=%s;connect_timeout=3',
            getenv('DB_HOST'),
            getenv('DB_PORT'),
            getenv('DB_NAME'),
        );
        $this->database = new PDO($address, getenv('DB_USER'), getenv('DB_PASS'), [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        ]);
    }

    public function add(string $name, string $message): void
    {
        $statement = $this->database->prepare('INSERT INTO entries (name, message) VALUES (?, ?)');
        $statement->execute([$name, $message]);
    }

    /** @return list<array{name: string, message: string}> the newest first */
    public function newest(int $count): array
    {
        $statement = $this->database->prepare(
            'SELECT name, message FROM entries ORDER BY id DESC LIMIT ?',
        );
        $statement->bindValue(1, $count, PDO::PARAM_INT);
        $statement->execute();
        return $statement->fetchAll(PDO::FETCH_ASSOC);
    }
}
