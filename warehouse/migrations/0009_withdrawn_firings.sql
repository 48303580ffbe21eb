-- Firings that were recorded and never published, and were withdrawn when they were judged again: nobody had them, so
-- they do not count as letters. Until now such a letter went out however late.

alter table triggers.firings
    add column record_id UUID comment 'of the row: an id that was withdrawn may be fired again, and two detectors may record one twice';

create table triggers.withdrawals
(
    firing_id UUID,
    record_id UUID comment 'of the row of firings that does not count any more',
    reason LowCardinality(String) comment 'why it is not due any more, as detection counts refusals',
    withdrawn_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by firing_id
settings old_parts_lifetime = 480, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

create view triggers.standing_firings as
select *
from triggers.firings
where (firing_id, record_id) not in (select firing_id, record_id from triggers.withdrawals);

alter table triggers.publications
    add column topic_id String comment 'the broker''s id of the topic, another one when it was made anew; empty in rows from before';
