DROP TRIGGER jobs_notify ON jobs;
DROP FUNCTION notify_workers();
