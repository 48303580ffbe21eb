-- What the broker says of a record beside its content.

alter table event_store.event_log
    add column record_timestamp_ms Int64 default toUnixTimestamp64Milli(broker_time) comment 'as the record bears it: the producer''s word, unless the topic keeps LogAppendTime',
    modify column broker_time DateTime64(3, 'UTC') comment 'when the broker took it: the record''s timestamp, but within a partition never before the one of a smaller offset, and never ahead of our clock';

alter table event_store.ranges
    add column leader_epoch Int32 default -1 comment 'of the last record; -1 where the broker gives none';
