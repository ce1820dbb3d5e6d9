<?php
// A receiver as a careful PHP programmer would write it: the signature over
// the raw body, a persistent connection, WAL with an fsync for each commit,
// an insert that ignores what is there.
declare(strict_types=1);

$secret = $_SERVER['PEER_SECRET'];
$body = file_get_contents('php://input');
$signature = $_SERVER['HTTP_X_FORMANTAI_SIGNATURE'] ?? '';
header('Content-Type: application/json');
if (!hash_equals('sha256=' . hash_hmac('sha256', $body, $secret), $signature)) {
    http_response_code(401);
    exit('{"error":"signature"}');
}
try {
    $event = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
    $db = new PDO('sqlite:' . $_SERVER['PEER_STORE'], null, null, [
        PDO::ATTR_PERSISTENT => true,
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_TIMEOUT => 10,
    ]);
    $db->exec('PRAGMA synchronous = FULL');
    $insert = $db->prepare('INSERT OR IGNORE INTO event'
        . ' (id, type, call, received, body) VALUES (?, ?, ?, ?, ?)');
    $insert->execute([
        $event['event_id'],
        $event['event_type'],
        $event['data']['call']['conversation_id'],
        (int) (microtime(true) * 1000),
        $body,
    ]);
    echo json_encode([
        'result' => $insert->rowCount() ? 'stored' : 'duplicate',
    ]);
} catch (JsonException $e) {
    http_response_code(400);
    echo '{"error":"json"}';
} catch (PDOException $e) {
    http_response_code(503);
    error_log($e->getMessage());
    echo '{"error":"store"}';
}
