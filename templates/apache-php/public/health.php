<?php
// What the health test in deploy/app-compose.yml asks.

declare(strict_types=1);

require __DIR__ . '/../src/database.php';

connect()->query('SELECT 1');
echo "healthy\n";
