<?php

declare(strict_types=1);

/** A connection to the database of the environment. */
function connect(): PDO
{
    $place = sprintf(
        'pgsql:host=%s;port=%s;dbname=%s;connect_timeout=3',
        getenv('DB_HOST'),
        getenv('DB_PORT'),
        getenv('DB_NAME'),
    );
    return new PDO($place, getenv('DB_USER'), getenv('DB_PASS'), [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
    ]);
}
