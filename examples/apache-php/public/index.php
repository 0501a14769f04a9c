<?php

declare(strict_types=1);

require __DIR__ . '/../src/guestbook.php';

$guestbook = new Guestbook();
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $name = trim((string) ($_POST['name'] ?? ''));
    $message = trim((string) ($_POST['message'] ?? ''));
    // What is not UTF-8 does not match either.
    if (!preg_match('/^.{1,60}$/us', $name) || !preg_match('/^.{1,500}$/us', $message)) {
        http_response_code(400);
        exit("A name and a message are needed, of at most 60 and 500 characters.\n");
    }
    $guestbook->add($name, $message);
    header('Location: /', true, 303);
    exit;
}
$title = htmlspecialchars((string) getenv('TITLE'));
?>
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title><?= $title ?></title></head>
<body>
<h1><?= $title ?></h1>
<form method="post">
    <label>Name <input name="name" required maxlength="60"></label>
    <label>Message <input name="message" required maxlength="500"></label>
    <button>Sign</button>
</form>
<ul>
<?php foreach ($guestbook->newest(20) as $entry): ?>
    <li><b><?= htmlspecialchars($entry['name']) ?></b>: <?= htmlspecialchars($entry['message']) ?></li>
<?php endforeach ?>
</ul>
</body>
</html>
