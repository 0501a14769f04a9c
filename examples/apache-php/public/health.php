<?php
// What the health test in deploy/app-compose.yml asks: PHP runs and the table is there.

declare(strict_types=1);

require __DIR__ . '/../src/guestbook.php';

(new Guestbook())->newest(1);
echo "healthy\n";
