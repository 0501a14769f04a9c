<?php
// Answers every request with a row from the database.

declare(strict_types=1);

require __DIR__ . '/../src/database.php';

header('Content-Type: application/json');
$row = connect()
    ->query('SELECT message, current_database() AS database FROM greetings ORDER BY id LIMIT 1')
    ->fetch();
echo json_encode([
    'message' => $row['message'],
    'environment' => getenv('ENVIRONMENT'),
    'database' => $row['database'],
]), "\n";
