-- What built a day, and whether the run came to its end.

-- The parts of a recipe by name (orchestration/recipes.py), so that a build can say which of them changed.
create table operations.recipes
(
    digest String,
    parts Map(String, String),
    noted_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by digest;

alter table operations.day_builds
    add column recipe String comment 'digest of what made the day; empty in builds from before this was noted',
    add column enrichment_version UInt32 comment 'the newest there was when the build began';

-- Two rows per run of builds: the days it begins to build, and that it has finished. A day whose newest run has not
-- finished may be half built.
create table operations.build_runs
(
    run_id String,
    state Enum8('begun' = 1, 'finished' = 2),
    shop_days Array(Date),
    roll_ups_recipe String comment 'digest of what made the roll-ups',
    noted_at DateTime64(6, 'UTC')
)
engine = MergeTree
order by noted_at;
