-- Slipway's store. One file, one writer; every state here also stands in lib/model, and a test
-- holds both together.
--
-- Units: `*_at` are UTC milliseconds since 1970 (time_ms), NULL = not yet; `*_ms` are durations in
-- milliseconds; `sha` is 40 lower-case hex digits of a git commit; `*_digest` is 64 hex digits of SHA-256.
-- Ids of GitHub are integers below 2^53. Names of repositories are "owner/name".
-- The journal is never pruned; bodies go after 30 days, output after 90.
-- Words are told by OR: of three or more in a list SQLite builds a table, at each row that is written.

-- Who this store is -----------------------------------------------------------------------------

CREATE TABLE store (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    store_id    TEXT NOT NULL,               -- UUID, made at the first start; hosts pin it (G3)
    created_at  INTEGER NOT NULL,
    restored_at INTEGER                      -- it came from a backup: a database that it does not know stands since then (G5)
) STRICT;

CREATE TABLE incarnations (                  -- one row for each start of the server
    id          INTEGER PRIMARY KEY,
    started_at  INTEGER NOT NULL,
    version     TEXT NOT NULL,               -- of the program
    stopped_at  INTEGER                      -- NULL = running, or it died
) STRICT;

CREATE TABLE configs (                       -- each configuration that was accepted
    digest      TEXT PRIMARY KEY,            -- SHA-256 of `text`
    text        TEXT NOT NULL,               -- canonical, without secrets
    accepted_at INTEGER NOT NULL,
    accepted_by TEXT NOT NULL,               -- "start" or "reload"
    in_force    INTEGER NOT NULL DEFAULT 1 CHECK (in_force IN (0, 1))  -- the one that was accepted last
) STRICT;                                    -- with a rowid: whoever looks for a digest reads no text
CREATE INDEX configs_by_time ON configs (accepted_at);
CREATE INDEX configs_in_force ON configs (digest) WHERE in_force = 1;

CREATE TABLE redactions (                    -- `redact` of each; what is signed names one by its digest
    digest      TEXT PRIMARY KEY,            -- SHA-256 of `text`
    text        TEXT NOT NULL                -- patterns, one a line
) STRICT, WITHOUT ROWID;

-- What GitHub says ------------------------------------------------------------------------------

CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY,
    guid         TEXT NOT NULL,              -- X-GitHub-Delivery; the same GUID again is the same event (W3)
    guid_key     TEXT NOT NULL UNIQUE,       -- the same, its time first where it has one: new ones come at the index's end
    event        TEXT NOT NULL,              -- X-GitHub-Event
    origin       TEXT NOT NULL DEFAULT 'sent' CHECK (origin = 'sent' OR origin = 'fetched' OR origin = 'looked-up'),  -- by GitHub; from its list of deliveries; a question's answer (W5)
    received_at  INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state = 'received' OR state = 'recorded' OR state = 'ignored' OR state = 'unreadable' OR state = 'quarantined'),
    form         INTEGER NOT NULL CHECK (form IN (0, 1)),  -- 1 = url-encoded, the JSON is in the field `payload`
    body_mark    TEXT NOT NULL,              -- 32 hex digits: half of the HMAC by the secret that signed it, to find repeats under a new GUID
    body_key     INTEGER NOT NULL,           -- the latest second in it << 31, then 31 bits of the mark, which decides: new ones come at the index's end
    repeat_of    INTEGER REFERENCES deliveries (id),
    crashes      INTEGER NOT NULL DEFAULT 0, -- times work on it began and did not end (W7)
    action       TEXT,                       -- of the payload, once read
    repository   TEXT,                       -- name in the payload, once read
    note         TEXT,                       -- why ignored, unreadable or quarantined
    recorded_at  INTEGER                     -- when its state left `received`
) STRICT;
CREATE INDEX deliveries_open ON deliveries (id) WHERE state = 'received';
CREATE INDEX deliveries_failed ON deliveries (id) WHERE state IN ('unreadable', 'quarantined');
CREATE INDEX deliveries_by_body ON deliveries (body_key);
CREATE INDEX deliveries_repeats ON deliveries (repeat_of, received_at) WHERE repeat_of IS NOT NULL;
CREATE INDEX deliveries_repeats_open ON deliveries (repeat_of) WHERE state = 'received' AND repeat_of IS NOT NULL;

CREATE TABLE delivery_bodies (               -- once for all that are equal, with the first that brought it
    delivery_id INTEGER PRIMARY KEY REFERENCES deliveries (id),
    size        INTEGER NOT NULL,            -- bytes before compression
    zstd        BLOB NOT NULL                -- the raw request body, compressed
) STRICT;

CREATE TABLE hooks (                         -- what brings deliveries, as far as GitHub said something of it
    kind        TEXT NOT NULL CHECK (kind IN ('webhook', 'installation')),
    github_id   INTEGER NOT NULL,
    repository  TEXT NOT NULL,               -- owner/name; "" = of an owner: all that it serves
    state       TEXT NOT NULL CHECK (state = 'present' OR state = 'removed' OR state = 'suspended'),
    changed_at  INTEGER NOT NULL,            -- by our clock
    PRIMARY KEY (kind, github_id, repository)
) STRICT, WITHOUT ROWID;

CREATE TABLE repositories (                  -- configured ones that were ever seen; never deleted
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL COLLATE NOCASE UNIQUE,  -- "owner/name"; the same in either case of letters, as on GitHub
    github_id     INTEGER UNIQUE,            -- bound at the first signed delivery (W6), NULL until then
    github_name   TEXT COLLATE NOCASE,       -- what GitHub calls it now, if that is another name; NULL = the same
    github_name_at INTEGER NOT NULL DEFAULT 0,  -- GitHub's clock: as of when; orders renames
    branch        TEXT NOT NULL,             -- base branch that is released
    tip_sha       TEXT,                      -- what the mirror saw last; NULL before first sight
    fetched_at    INTEGER,                   -- last fetch that succeeded: the source was seen then
    wanted_at     INTEGER,                   -- a webhook said something moved; NULL = nothing new since the last fetch
    failed_at     INTEGER,                   -- last fetch that failed, NULL after a good one
    failure       TEXT,                      -- its text
    rewritten_sha TEXT,                      -- a tip that is not a descendant of ours: holds the repository (C6)
    adopted_sha   TEXT                       -- such a tip that a person adopted; NULL again once releases follow it
) STRICT;

CREATE TABLE pull_requests (
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    number        INTEGER NOT NULL,
    github_id     INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state = 'open' OR state = 'closed' OR state = 'merged'),  -- merged is final (W4)
    draft         INTEGER NOT NULL CHECK (draft IN (0, 1)),
    fork          INTEGER NOT NULL CHECK (fork IN (0, 1)),  -- head lives elsewhere, or its repository is gone
    title         TEXT NOT NULL,             -- foreign text
    url           TEXT NOT NULL,             -- page on GitHub, foreign text
    author_id     INTEGER,                   -- NULL = account is gone
    author        TEXT,                      -- login at that time
    base_ref      TEXT NOT NULL,             -- branch name
    head_ref      TEXT NOT NULL,
    head_sha      TEXT NOT NULL,
    merge_sha     TEXT,                      -- only once merged; NULL then = to be looked up
    reverts       INTEGER,                   -- number of the pull request that it takes out again (C5), by GitHub's form
    merged_by_id  INTEGER,
    merged_by     TEXT,
    opened_at     INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,          -- GitHub's own, one second resolution; orders events
    closed_at     INTEGER,
    merged_at     INTEGER,
    PRIMARY KEY (repository_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX pull_requests_by_merge ON pull_requests (merge_sha, repository_id);
CREATE INDEX pull_requests_reverting ON pull_requests (reverts) WHERE reverts IS NOT NULL;

CREATE TABLE pull_request_labels (
    repository_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    label         TEXT NOT NULL,             -- foreign text
    PRIMARY KEY (repository_id, number, label),
    FOREIGN KEY (repository_id, number) REFERENCES pull_requests (repository_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE pull_request_reviews (
    repository_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    github_id     INTEGER NOT NULL,
    state         TEXT NOT NULL,             -- approved, changes_requested, commented, dismissed, pending
    commit_sha    TEXT,
    reviewer_id   INTEGER,
    reviewer      TEXT,
    submitted_at  INTEGER,
    reported_at   INTEGER NOT NULL,          -- the pull request's updated_at then: orders what is said of a review
    PRIMARY KEY (repository_id, number, github_id),
    FOREIGN KEY (repository_id, number) REFERENCES pull_requests (repository_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE pull_request_timeline (         -- what happened to a pull request, in the order its deliveries came
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    at            INTEGER NOT NULL,          -- when it happened, by GitHub's clock
    kind          TEXT NOT NULL,             -- event and action: pull_request.closed, pull_request_review.submitted ...
    actor_id      INTEGER,
    actor         TEXT,
    detail        TEXT,                      -- label, review state, head commit: foreign text
    delivery_id   INTEGER NOT NULL REFERENCES deliveries (id),
    FOREIGN KEY (repository_id, number) REFERENCES pull_requests (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX pull_request_timeline_by_number ON pull_request_timeline (repository_id, number, delivery_id);

CREATE TABLE comments (                      -- on pull requests; what they mean is decided elsewhere (T21)
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    github_id     INTEGER NOT NULL,
    number        INTEGER NOT NULL,          -- of the pull request, which may not be known yet (W4)
    author_id     INTEGER,                   -- NULL = account is gone
    author        TEXT,                      -- login at that time
    bot           INTEGER NOT NULL CHECK (bot IN (0, 1)),
    sender_id     INTEGER,                   -- who made the event `created`; NULL = that was not seen
    first_line    TEXT,                      -- as it was created, exactly, foreign; NULL = that was not seen
    cut           INTEGER NOT NULL CHECK (cut IN (0, 1)),  -- the first line is longer than 1,024 bytes
    created_at    INTEGER NOT NULL,          -- GitHub's clock, as the next two
    edited_at     INTEGER,                   -- NULL = not that we know
    deleted_at    INTEGER,
    delivery_id   INTEGER NOT NULL REFERENCES deliveries (id),  -- the first one about it
    PRIMARY KEY (repository_id, github_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX comments_by_number ON comments (repository_id, number, created_at);

CREATE TABLE pushes (                        -- to any branch or tag; those to the base branch say who brought its commits (A2)
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    ref           TEXT NOT NULL,
    before_sha    TEXT NOT NULL,
    after_sha     TEXT NOT NULL,
    forced        INTEGER NOT NULL CHECK (forced IN (0, 1)),
    pusher_id     INTEGER,
    pusher        TEXT,
    received_at   INTEGER NOT NULL,
    delivery_id   INTEGER NOT NULL UNIQUE REFERENCES deliveries (id)  -- once, however often it is read
) STRICT;
CREATE INDEX pushes_by_after ON pushes (repository_id, after_sha);

CREATE TABLE commit_checks (                 -- CI of a commit: what GitHub said last under each name
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    sha           TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind = 'status' OR kind = 'check-run' OR kind = 'check-suite'),
    app_id        INTEGER NOT NULL,          -- the App that reports; 0 for a status
    name          TEXT NOT NULL COLLATE NOCASE,  -- context, name of the run, or the suite's id; foreign text
    app           TEXT,                      -- the App's slug, foreign text; NULL for a status
    github_id     INTEGER NOT NULL,          -- of the status, run or suite: a new run is a new id
    state         TEXT NOT NULL CHECK (state = 'pending' OR state = 'passed' OR state = 'failed'),
    word          TEXT NOT NULL,             -- GitHub's own: in_progress, skipped, timed_out ...
    began_at      INTEGER NOT NULL,          -- GitHub's clock, 0 = not told; orders runs of one name
    reported_at   INTEGER NOT NULL,          -- GitHub's clock, 0 = not told; orders reports of one run
    PRIMARY KEY (repository_id, sha, kind, app_id, name)
) STRICT, WITHOUT ROWID;

-- What may go out -------------------------------------------------------------------------------

CREATE TABLE releases (                      -- one for each first-parent commit of the base branch (W4)
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    number        INTEGER NOT NULL CHECK (number > 0),  -- r1 is the baseline
    sha           TEXT NOT NULL,
    parent_sha    TEXT,                      -- first parent; NULL for a root commit
    subject       TEXT NOT NULL,             -- first line of the message, foreign text
    author        TEXT NOT NULL,             -- of the commit, foreign text
    author_email  TEXT,                      -- of the commit, foreign text; may name an account of GitHub (A2)
    committed_at  INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL,          -- when the mirror first saw it
    lane          TEXT CHECK (lane IN ('code', 'content')),  -- by its changed paths; NULL = not looked at yet
    n_paths       INTEGER,                   -- changed paths, NULL = not looked at yet
    off_line      INTEGER NOT NULL DEFAULT 0 CHECK (off_line IN (0, 1)),  -- no longer on the branch (C6)
    PRIMARY KEY (repository_id, number)
) STRICT, WITHOUT ROWID;
-- A commit that left the line and comes back gets a new number: along the line numbers only grow (C6).
CREATE UNIQUE INDEX releases_one_sha ON releases (repository_id, sha) WHERE off_line = 0;
CREATE INDEX releases_by_sha ON releases (repository_id, sha);
CREATE INDEX releases_by_time ON releases (repository_id, seen_at);

CREATE TABLE release_makers (                -- who else wrote what a release brings: behind a merge, or folded by a squash (A2)
    repository_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    email         TEXT NOT NULL,             -- of the commit or its co-author line, lower case, foreign text; '' = others, not known
    PRIMARY KEY (repository_id, number, email),
    FOREIGN KEY (repository_id, number) REFERENCES releases (repository_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE release_reverts (               -- what a release says it takes out again (C5)
    repository_id INTEGER NOT NULL,
    number        INTEGER NOT NULL,
    sha           TEXT NOT NULL,             -- from "This reverts commit SHA" in its commit message
    PRIMARY KEY (repository_id, number, sha),
    FOREIGN KEY (repository_id, number) REFERENCES releases (repository_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE wishes (                        -- a person asked for a release by name: a go-live, a pin (C2), a hotfix
    id             INTEGER PRIMARY KEY,
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT NOT NULL,
    release_number INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state = 'open' OR state = 'taken' OR state = 'replaced' OR state = 'withdrawn' OR state = 'ended'),
    start_at       INTEGER,                  -- the start it is for; NULL = at once
    hotfix         INTEGER NOT NULL CHECK (hotfix IN (0, 1)),       -- passes what the gate table lets a hotfix pass
    unrehearsed    INTEGER NOT NULL CHECK (unrehearsed IN (0, 1)),  -- passes a missing rehearsal too (M8)
    actor          TEXT NOT NULL,
    way            TEXT NOT NULL,            -- cli, api, page, comment, label
    reason         TEXT,
    wished_at      INTEGER NOT NULL,
    deployment_id  INTEGER REFERENCES deployments (id),
    ended_at       INTEGER,                  -- it can no longer come true
    ended          TEXT,                     -- why: passed, live, off-line
    CHECK (hotfix = 0 OR reason IS NOT NULL),
    CHECK ((state = 'ended') = (ended IS NOT NULL)),
    FOREIGN KEY (repository_id, release_number) REFERENCES releases (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX wishes_one_open ON wishes (repository_id, environment, hotfix) WHERE state = 'open';
CREATE INDEX wishes_by_track ON wishes (repository_id, environment, id);

CREATE TABLE wish_pulls (                    -- pull requests that the act names: --with #N
    wish_id     INTEGER NOT NULL REFERENCES wishes (id),
    pull_number INTEGER NOT NULL,
    PRIMARY KEY (wish_id, pull_number)
) STRICT, WITHOUT ROWID;

CREATE TABLE wish_releases (                 -- releases without a pull request that it names: --with rN
    wish_id        INTEGER NOT NULL REFERENCES wishes (id),
    release_number INTEGER NOT NULL,
    PRIMARY KEY (wish_id, release_number)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollbacks (                     -- somebody, or `after-failure`, wants an old release back (R1)
    id             INTEGER PRIMARY KEY,
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT NOT NULL,
    to_number      INTEGER NOT NULL,         -- the release that is to be live again
    left_number    INTEGER NOT NULL,         -- the newest that is taken back: (to, left] is rolled back (R4)
    left_deployment_id INTEGER REFERENCES deployments (id),  -- that left it half way: only what it touched goes back; NULL = all hosts
    state          TEXT NOT NULL CHECK (state = 'open' OR state = 'taken' OR state = 'ended'),
    across_migration INTEGER NOT NULL CHECK (across_migration IN (0, 1)),   -- passes a migrate job that changed something (R2)
    beside_unsettled INTEGER NOT NULL CHECK (beside_unsettled IN (0, 1)),   -- passes an unsettled attempt
    actor          TEXT NOT NULL,            -- slipway = `after-failure: rollback`
    way            TEXT NOT NULL,
    reason         TEXT NOT NULL CHECK (reason <> ''),
    asked_at       INTEGER NOT NULL,
    deployment_id  INTEGER REFERENCES deployments (id),
    ended          TEXT,                     -- why it did not come true: passed, untouched
    CHECK (to_number < left_number),
    CHECK ((state = 'taken') = (deployment_id IS NOT NULL)),
    CHECK ((state = 'ended') = (ended IS NOT NULL)),
    FOREIGN KEY (repository_id, to_number) REFERENCES releases (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX rollbacks_one_open ON rollbacks (repository_id, environment) WHERE state = 'open';
CREATE INDEX rollbacks_by_deployment ON rollbacks (deployment_id) WHERE deployment_id IS NOT NULL;

CREATE TABLE barriers (                      -- a pull request that may not go out before a time (C3)
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT NOT NULL,
    pull_number   INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state = 'open' OR state = 'replaced' OR state = 'lifted'),
    not_before    INTEGER,                   -- NULL = until a person lifts it
    actor         TEXT NOT NULL,             -- who owns it
    way           TEXT NOT NULL,
    reason        TEXT NOT NULL,
    set_at        INTEGER NOT NULL,
    lifted_at     INTEGER,
    lifted_by     TEXT,
    CHECK ((state = 'lifted') = (lifted_at IS NOT NULL)),
    FOREIGN KEY (repository_id, pull_number) REFERENCES pull_requests (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX barriers_one_open ON barriers (repository_id, environment, pull_number) WHERE state = 'open';

CREATE TABLE baselines (                     -- a person declared what is live in an environment (C7)
    id             INTEGER PRIMARY KEY,
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT NOT NULL,
    release_number INTEGER NOT NULL,
    actor          TEXT NOT NULL,
    way            TEXT NOT NULL,
    reason         TEXT NOT NULL,
    declared_at    INTEGER NOT NULL,
    FOREIGN KEY (repository_id, release_number) REFERENCES releases (repository_id, number)
) STRICT;
CREATE INDEX baselines_by_track ON baselines (repository_id, environment, id);

CREATE TABLE occurrences (                   -- each `at` of an environment is decided once (F6, I8)
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT NOT NULL,
    local_date    TEXT NOT NULL,             -- YYYY-MM-DD in the environment's zone
    local_time    TEXT NOT NULL,             -- HH:MM:SS in the environment's zone
    due_at        INTEGER NOT NULL,
    decision      TEXT NOT NULL CHECK (decision = 'started' OR decision = 'deferred' OR decision = 'skipped' OR decision = 'superseded'),
    cause         TEXT,                      -- gate cause that deferred it, or why nobody was there: server-down, clock-jumped; NULL for started
    decided_at    INTEGER NOT NULL,
    deployment_id INTEGER REFERENCES deployments (id),
    PRIMARY KEY (repository_id, environment, local_date, local_time)
) STRICT, WITHOUT ROWID;

CREATE TABLE promises (                      -- what people were told about the next start of an environment
    id             INTEGER PRIMARY KEY,      -- names the event in calendar feeds
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT NOT NULL,
    release_number INTEGER NOT NULL,         -- what it would bring, as known last
    start_at       INTEGER NOT NULL,
    lacks          TEXT,                     -- gate cause besides time that binds, NULL = it is firm
    sequence       INTEGER NOT NULL,         -- raised at each change (RFC 5545, 3.8.7.4)
    state          TEXT NOT NULL CHECK (state = 'open' OR state = 'kept' OR state = 'withdrawn'),
    made_at        INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL,
    deployment_id  INTEGER,                  -- the one that kept it
    CHECK ((state = 'kept') = (deployment_id IS NOT NULL)),
    FOREIGN KEY (deployment_id) REFERENCES deployments (id),
    FOREIGN KEY (repository_id, release_number) REFERENCES releases (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX promises_one_open ON promises (repository_id, environment) WHERE state = 'open';
CREATE INDEX promises_by_change ON promises (changed_at) WHERE state <> 'open';   -- the open ones are few, and most end

-- What people say of a release ------------------------------------------------------------------

CREATE TABLE plans (                         -- what approvals bind, once for each content (A1)
    digest      TEXT PRIMARY KEY,            -- SHA-256 of `text`
    text        TEXT NOT NULL                -- canonical JSON: environment, commit, jobs
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (                     -- of a release in an environment, by one plan (A1). Never deleted
    id             INTEGER PRIMARY KEY,
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT NOT NULL,
    release_number INTEGER NOT NULL,
    plan_digest    TEXT NOT NULL REFERENCES plans (digest),
    state          TEXT NOT NULL CHECK (state = 'granted' OR state = 'withdrawn' OR state = 'void'),
    actor          TEXT NOT NULL,
    way            TEXT NOT NULL,
    reason         TEXT,
    github_id      INTEGER,                  -- account that the actor stands for; NULL = not known
    login          TEXT,                     -- of that account
    code           INTEGER NOT NULL CHECK (code IN (0, 1)),     -- he had the right for changes of that lane
    content        INTEGER NOT NULL CHECK (content IN (0, 1)),
    granted_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    ended_by       TEXT,
    ended          TEXT,                     -- of a void one: why, for people
    CHECK (code + content > 0),
    CHECK ((state = 'granted') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL)),
    CHECK ((state = 'void') = (ended IS NOT NULL)),
    FOREIGN KEY (repository_id, release_number) REFERENCES releases (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX approvals_one_granted ON approvals (repository_id, environment, release_number, actor)
    WHERE state = 'granted';
CREATE INDEX approvals_by_release ON approvals (repository_id, environment, release_number);

CREATE TABLE checks (                        -- a person has looked (C1, L1). Never deleted
    id             INTEGER PRIMARY KEY,
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT,                     -- of a release: where it was looked at; NULL = of a pull request
    release_number INTEGER,
    pull_number    INTEGER,
    sha            TEXT NOT NULL,            -- head that was shown, or the release's commit
    state          TEXT NOT NULL CHECK (state = 'granted' OR state = 'withdrawn' OR state = 'void'),
    ok             INTEGER NOT NULL CHECK (ok IN (0, 1)),       -- 0 = it needs a fix
    actor          TEXT NOT NULL,
    way            TEXT NOT NULL,
    reason         TEXT,
    code           INTEGER NOT NULL CHECK (code IN (0, 1)),     -- he had the right for changes of that lane
    content        INTEGER NOT NULL CHECK (content IN (0, 1)),
    checked_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    CHECK ((pull_number IS NULL) = (release_number IS NOT NULL)),
    CHECK ((pull_number IS NULL) = (environment IS NOT NULL)),
    CHECK (ok = 1 OR reason IS NOT NULL),
    CHECK ((state = 'granted') = (ended_at IS NULL)),
    FOREIGN KEY (repository_id, release_number) REFERENCES releases (repository_id, number),
    FOREIGN KEY (repository_id, pull_number) REFERENCES pull_requests (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX checks_one_of_release ON checks (repository_id, environment, release_number)
    WHERE state = 'granted' AND release_number IS NOT NULL;
CREATE UNIQUE INDEX checks_one_of_pull ON checks (repository_id, pull_number)
    WHERE state = 'granted' AND pull_number IS NOT NULL;

-- Stopping the line -----------------------------------------------------------------------------

CREATE TABLE holds (                         -- a person's stop; the gate judges it (T27). Never deleted
    id            INTEGER PRIMARY KEY,       -- grows: one with a higher id came later
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT,                      -- NULL = every environment of the repository
    actor         TEXT NOT NULL,             -- who: as in the journal
    way           TEXT NOT NULL,             -- cli, api, page, comment
    reason        TEXT NOT NULL CHECK (reason <> ''),
    held_at       INTEGER NOT NULL,
    until_at      INTEGER,                   -- ends by itself then; NULL = only by a person
    lifted_at     INTEGER,                   -- NULL = by nobody
    lifted_by     TEXT,
    lifted_way    TEXT,
    lift_reason   TEXT,                      -- NULL = none was given
    deployment_id INTEGER REFERENCES deployments (id),  -- of the rollback that it follows (R3); NULL = of a person alone
    CHECK (until_at > held_at),
    CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lifted_way IS NULL)),
    CHECK (lift_reason IS NULL OR lifted_at IS NOT NULL)
) STRICT;
CREATE INDEX holds_open ON holds (repository_id, id) WHERE lifted_at IS NULL;
CREATE INDEX holds_by_time ON holds (repository_id, held_at);

CREATE TABLE freezes (                       -- added while running; those of the configuration stand there. Never deleted
    id             INTEGER PRIMARY KEY,      -- grows: one with a higher id came later
    name           TEXT NOT NULL CHECK (name <> ''),
    from_at        INTEGER NOT NULL,         -- half-open (F3)
    to_at          INTEGER NOT NULL,
    timezone       TEXT NOT NULL,            -- IANA zone in which its times were read
    allow_rollback INTEGER NOT NULL CHECK (allow_rollback IN (0, 1)),  -- 0 = it binds rollbacks too
    actor          TEXT NOT NULL,
    way            TEXT NOT NULL,
    reason         TEXT NOT NULL CHECK (reason <> ''),
    added_at       INTEGER NOT NULL,
    removed_at     INTEGER,
    removed_by     TEXT,
    removed_way    TEXT,
    remove_reason  TEXT,
    CHECK (to_at > from_at),
    CHECK ((removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (removed_way IS NULL)),
    CHECK (remove_reason IS NULL OR removed_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX freezes_one_name ON freezes (name) WHERE removed_at IS NULL;
CREATE INDEX freezes_open ON freezes (to_at) WHERE removed_at IS NULL;
CREATE INDEX freezes_by_end ON freezes (to_at);

CREATE TABLE freeze_environments (           -- names that it is for, in any repository; no row = all
    freeze_id     INTEGER NOT NULL REFERENCES freezes (id),
    environment   TEXT NOT NULL,
    PRIMARY KEY (freeze_id, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE freeze_repositories (           -- those that it is for; no row = all
    freeze_id     INTEGER NOT NULL REFERENCES freezes (id),
    repository    TEXT NOT NULL COLLATE NOCASE,  -- owner/name; it need not have been seen yet
    PRIMARY KEY (freeze_id, repository)
) STRICT, WITHOUT ROWID;
CREATE INDEX freeze_repositories_by_name ON freeze_repositories (repository);   -- a repository has another name

-- What goes out ---------------------------------------------------------------------------------

CREATE TABLE deployments (
    id             INTEGER PRIMARY KEY,
    repository_id  INTEGER NOT NULL REFERENCES repositories (id),
    environment    TEXT NOT NULL,
    kind           TEXT NOT NULL CHECK (kind = 'release' OR kind = 'preview' OR kind = 'rollback' OR kind = 'catch-up'),
    release_number INTEGER,                  -- NULL for a preview
    pull_number    INTEGER,                  -- of a preview
    sha            TEXT NOT NULL,            -- target
    from_number    INTEGER,                  -- release that was live at the cut: the range is (from, target]; NULL = unknown.
                                             -- Of a rollback the newest that is left: what it takes back is (target, from]
    from_sha       TEXT,
    lane           TEXT NOT NULL CHECK (lane IN ('code', 'content')),
    trigger        TEXT NOT NULL CHECK (trigger = 'merge' OR trigger = 'release' OR trigger = 'schedule'),
    wish_id        INTEGER REFERENCES wishes (id),
    hotfix         INTEGER NOT NULL DEFAULT 0 CHECK (hotfix IN (0, 1)),  -- judged by that column of the gate table
    passed         TEXT,                     -- JSON list of the causes it passed when it started, NULL = none
    approvals_needed INTEGER NOT NULL DEFAULT 0,  -- by how many different persons, at the start (A2, I6); 0 = by none
    occurrence_date TEXT,                    -- identity of the occurrence, trigger `schedule`
    occurrence_time TEXT,
    state          TEXT NOT NULL CHECK (state = 'waiting' OR state = 'deploying' OR state = 'succeeded' OR state = 'attention' OR state = 'failed' OR state = 'cancelled' OR state = 'superseded'),
    cause          TEXT,                     -- why it is in that state, for people
    config_digest  TEXT NOT NULL REFERENCES configs (digest),
    plan_digest    TEXT NOT NULL,            -- what an approval binds (A1)
    rows_expected  INTEGER NOT NULL,         -- invocations written at the cut; startable when all are there
    cut_at         INTEGER NOT NULL,
    start_at       INTEGER NOT NULL,         -- the promised start
    start_until    INTEGER,                  -- start + grace; NULL = no end
    started_at     INTEGER,
    stopped_at     INTEGER,                  -- in attention since, or when it last was before it ended; NULL = it went through
    ended_at       INTEGER,
    cancel_at      INTEGER,                  -- somebody asked that it ends (P6); NULL = nobody did
    cancel_by      TEXT,                     -- actor, as in the journal
    cancel_reason  TEXT,                     -- NULL = none was given
    CHECK ((cancel_at IS NULL) = (cancel_by IS NULL)),
    CHECK ((release_number IS NULL) = (kind = 'preview')),
    FOREIGN KEY (repository_id, release_number) REFERENCES releases (repository_id, number)
) STRICT;
CREATE UNIQUE INDEX deployments_one_open ON deployments (repository_id, environment)
    WHERE state = 'waiting' OR state = 'deploying' OR state = 'attention';           -- C1
CREATE INDEX deployments_by_track ON deployments (repository_id, environment, id, started_at);
CREATE INDEX deployments_succeeded ON deployments (repository_id, environment, id) WHERE state = 'succeeded';
CREATE INDEX deployments_by_end ON deployments (repository_id, environment, ended_at) WHERE state = 'succeeded';
CREATE INDEX deployments_open ON deployments (id) WHERE state = 'waiting' OR state = 'deploying' OR state = 'attention';
CREATE INDEX deployments_rollbacks ON deployments (repository_id, environment, id)
    WHERE kind = 'rollback' AND state = 'succeeded';
CREATE INDEX deployments_by_need ON deployments (id) WHERE approvals_needed > 0;     -- I6, doctor
CREATE INDEX deployments_by_release ON deployments (repository_id, release_number);

CREATE TABLE deployment_plans (              -- what a cut froze: the text of its plan_digest. New ones come at the end
    deployment_id  INTEGER PRIMARY KEY REFERENCES deployments (id),
    text           TEXT NOT NULL             -- canonical JSON: environment, commit, jobs
) STRICT;

CREATE TABLE deployment_approvals (          -- the approvals that a start stood on (I6)
    deployment_id  INTEGER NOT NULL REFERENCES deployments (id),
    approval_id    INTEGER NOT NULL REFERENCES approvals (id),
    PRIMARY KEY (deployment_id, approval_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    deployment_id  INTEGER NOT NULL REFERENCES deployments (id),
    number         INTEGER NOT NULL,         -- 0.., an order in which every job comes after what it needs
    name           TEXT NOT NULL,
    needs          TEXT NOT NULL,            -- JSON list of job numbers
    database       TEXT,                     -- resolved name of a migrate job (M1), else NULL
    max_parallel   INTEGER NOT NULL CHECK (max_parallel > 0),  -- hosts at once, percentages resolved at the cut
    max_errors     INTEGER NOT NULL CHECK (max_errors >= 0),
    ramp           INTEGER NOT NULL CHECK (ramp IN (0, 1)),    -- 1 = one host first, then doubling (P3)
    start_within_ms INTEGER NOT NULL,        -- a host that has not begun by then counts as undelivered
    timeout_ms     INTEGER NOT NULL,
    proves_commit  INTEGER NOT NULL CHECK (proves_commit IN (0, 1)), -- a step of it writes `commit` (P1)
    touches        INTEGER NOT NULL CHECK (touches IN (0, 1)),  -- it may change what a host runs: all but fetch and migrate
    document_digest TEXT NOT NULL REFERENCES documents (digest),
    candidates     TEXT NOT NULL,            -- migrate job: comma list of hosts it may run on, else ''
    primary_host   TEXT,                     -- migrate job: the only one it may run on; NULL = any of them
    state          TEXT NOT NULL CHECK (state = 'waiting' OR state = 'running' OR state = 'succeeded' OR state = 'failed' OR state = 'cancelled'),
    cause          TEXT,
    started_at     INTEGER,
    ended_at       INTEGER,
    retried_at     INTEGER,                  -- a person let it be tried again, the last time; NULL = never
    PRIMARY KEY (deployment_id, number),
    UNIQUE (deployment_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE left_out (                      -- a host to which nothing of the deployment goes any more (P5)
    deployment_id INTEGER NOT NULL REFERENCES deployments (id),
    host_id       TEXT NOT NULL REFERENCES hosts (id),
    actor         TEXT NOT NULL,
    reason        TEXT,                      -- NULL = none was given
    left_at       INTEGER NOT NULL,
    PRIMARY KEY (deployment_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE documents (                     -- exact bytes that hosts are sent, once for each content
    digest      TEXT PRIMARY KEY,            -- SHA-256 of `content`
    name        TEXT NOT NULL,               -- of the job, or of the document at the door
    version     TEXT NOT NULL,
    content     TEXT NOT NULL                -- SSM schema 2.2
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    id             TEXT PRIMARY KEY,         -- UUID; its time-ordered form keeps the index growing at its end
    deployment_id  INTEGER REFERENCES deployments (id),  -- NULL = sent at the door
    job_number     INTEGER,
    document_digest TEXT NOT NULL REFERENCES documents (digest),
    parameters     TEXT NOT NULL,            -- JSON object, as in the signed envelope
    comment        TEXT,
    requested_at   INTEGER NOT NULL,
    requested_by   TEXT NOT NULL,            -- "deployment" or an access key
    FOREIGN KEY (deployment_id, job_number) REFERENCES jobs (deployment_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_job ON commands (deployment_id, job_number);

CREATE TABLE invocations (                   -- one command on one host
    command_id   TEXT NOT NULL REFERENCES commands (id),
    host_id      TEXT NOT NULL REFERENCES hosts (id),
    deployment_id INTEGER REFERENCES deployments (id),   -- copy of the command's
    job_number   INTEGER,
    roles        TEXT NOT NULL,              -- comma list, the host's roles in this job
    status       TEXT NOT NULL CHECK (status = 'Pending' OR status = 'InProgress' OR status = 'Success' OR status = 'Failed' OR status = 'TimedOut' OR status = 'Cancelling' OR status = 'Cancelled' OR status = 'Unknown'),
    details      TEXT NOT NULL,              -- SSM's StatusDetails, or Unknown
    cause        TEXT,                       -- for people
    start_by     INTEGER NOT NULL,           -- in the envelope: never starts after it (G8)
    released_at  INTEGER,                    -- from here a poll may hand it out
    offered_at   INTEGER,                    -- first handed out
    redeliver_at INTEGER,                    -- handed out, not acknowledged: again from here
    acknowledged_at INTEGER,
    began_at     INTEGER,                    -- first InProgress of the host
    heard_at     INTEGER,                    -- last sign of life about it
    ended_at     INTEGER,
    exit_code    INTEGER,                    -- of the last step that ran; -1 = none
    commit_sha   TEXT,                       -- last `commit` line (P1)
    again_at     INTEGER,                    -- a person wants it tried again: a new command follows for its host
    cancel_id    TEXT,                       -- UUID of the message that asks the host to end it; NULL = nobody asked
    cancel_at    INTEGER,
    cancel_redeliver_at INTEGER,             -- that message was handed out: again from here
    cancel_taken_at INTEGER,                 -- and acknowledged
    permit_nonce TEXT,                       -- of the one question that was answered yes (G6); NULL = no permit was given
    permit_boot_id TEXT,                     -- of the kernel that asked
    permitted_at INTEGER,
    CHECK ((cancel_id IS NULL) = (cancel_at IS NULL)),
    PRIMARY KEY (command_id, host_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX invocations_by_job ON invocations (deployment_id, job_number);
CREATE INDEX invocations_by_host ON invocations (host_id, deployment_id) WHERE deployment_id IS NOT NULL;
-- Not of those that are released: thousands are in one moment, and each would move here.
CREATE INDEX invocations_to_offer ON invocations (host_id) WHERE status = 'Pending';
CREATE INDEX invocations_taken_open ON invocations (command_id)
    WHERE status = 'Pending' AND acknowledged_at IS NOT NULL AND deployment_id IS NULL;
CREATE UNIQUE INDEX invocations_by_cancel ON invocations (cancel_id) WHERE cancel_id IS NOT NULL;
CREATE INDEX invocations_running ON invocations (host_id)
    WHERE status = 'InProgress' OR status = 'Cancelling' OR status = 'Unknown';
CREATE INDEX invocations_to_cancel ON invocations (host_id, cancel_at)
    WHERE status = 'Cancelling' AND cancel_taken_at IS NULL;

-- Apart from what changes with each word of a host: a row that moves is a quarter as long, and thousands move at once.
CREATE TABLE envelopes (                     -- what slipway-agent wants to see; other agents have none
    command_id   TEXT NOT NULL,
    host_id      TEXT NOT NULL,
    text         TEXT NOT NULL,              -- JSON text whose exact bytes are signed
    signature    TEXT NOT NULL,              -- base64, Ed25519
    PRIMARY KEY (command_id, host_id),
    FOREIGN KEY (command_id, host_id) REFERENCES invocations (command_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE steps (                         -- one script inside a job, on one host
    command_id  TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    number      INTEGER NOT NULL,            -- 0..
    name        TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status = 'Pending' OR status = 'InProgress' OR status = 'Success' OR status = 'Failed' OR status = 'TimedOut' OR status = 'Cancelled'),
    exit_code   INTEGER,
    started_at  INTEGER,
    ended_at    INTEGER,
    PRIMARY KEY (command_id, host_id, number),
    FOREIGN KEY (command_id, host_id) REFERENCES invocations (command_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE results (                       -- lines of SLIPWAY_RESULT (P8)
    command_id  TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    number      INTEGER NOT NULL,            -- 0.., order of writing
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,               -- foreign text
    PRIMARY KEY (command_id, host_id, number),
    FOREIGN KEY (command_id, host_id) REFERENCES invocations (command_id, host_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE output_chunks (                 -- written once each; a repeat is dropped
    arrival     INTEGER PRIMARY KEY,         -- order in which they came, over all hosts: where a reader goes on
    command_id  TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    number      INTEGER NOT NULL,            -- 0.., over all steps of the command on that host
    step        TEXT NOT NULL,               -- name of the step
    stream      TEXT NOT NULL CHECK (stream IN ('out', 'err')),
    at          INTEGER NOT NULL,            -- host's clock
    text        BLOB NOT NULL,               -- bytes as printed
    UNIQUE (command_id, host_id, number),
    FOREIGN KEY (command_id, host_id) REFERENCES invocations (command_id, host_id)
) STRICT;

CREATE TABLE replies (                       -- what agents said, stored before it is believed
    id          INTEGER PRIMARY KEY,
    reply_id    TEXT NOT NULL UNIQUE,        -- of the agent; the same one again changes nothing
    command_id  TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    payload     TEXT NOT NULL,               -- ssm-wire 12.2
    received_at INTEGER NOT NULL,
    host_record INTEGER,                     -- highest record that was known of its host when it came; NULL = none
    collected_at INTEGER,
    note        TEXT                         -- why it changed nothing
) STRICT;
CREATE INDEX replies_noted ON replies (command_id, id) WHERE note IS NOT NULL;
CREATE INDEX replies_by_command ON replies (command_id);
CREATE INDEX replies_open ON replies (id) WHERE collected_at IS NULL;

-- The migrate job -------------------------------------------------------------------------------

CREATE TABLE databases (
    name        TEXT PRIMARY KEY,            -- resolved: REPO/ENVIRONMENT/NAME, or what `databases:` maps it to (M1)
    epoch       INTEGER NOT NULL,            -- raised with each attempt: the fencing token (M4)
    fenced_at   INTEGER,                     -- it stands until a person advances its epoch; NULL = it does not
    fence_epoch INTEGER,                     -- the highest that a host told; NULL = none did
    fence_why   TEXT,                        -- for people
    looked_epoch INTEGER,                    -- up to here a person who advanced it has looked that nothing forgotten runs; NULL = nobody
    forgot_at   INTEGER                      -- when a host last told what the store had forgotten; stays; NULL = none did
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (                      -- one try of a migrate job on one database
    id            INTEGER PRIMARY KEY,
    database      TEXT NOT NULL REFERENCES databases (name),
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    release_number INTEGER NOT NULL,
    n             INTEGER NOT NULL,          -- 1.., tries of this release on this database
    epoch         INTEGER NOT NULL,
    deployment_id INTEGER NOT NULL REFERENCES deployments (id),
    job_number    INTEGER NOT NULL,
    command_id    TEXT NOT NULL UNIQUE REFERENCES commands (id),
    host_id       TEXT NOT NULL REFERENCES hosts (id),       -- chosen when planned, never moved (G2)
    state         TEXT NOT NULL CHECK (state = 'planned' OR state = 'offered' OR state = 'accepted' OR state = 'permitted' OR state = 'running' OR state = 'succeeded' OR state = 'failed' OR state = 'unknown' OR state = 'cancelled' OR state = 'not_started'),
    changed       INTEGER CHECK (changed IN (0, 1)),         -- 0 = nothing to do, 1 = changed or did not say, NULL = not ended well
    planned_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    settled_at    INTEGER,                   -- its end is proven or a person decided; NULL holds the database
    voided_at     INTEGER,                   -- success no longer counts: database was restored
    voided_by     TEXT,
    void_reason   TEXT,
    decision      TEXT CHECK (decision = 'mark succeeded' OR decision = 'mark failed' OR decision = 'retry' OR decision = 'abandon' OR decision = 'proved by probe'),
    decided_by    TEXT,
    reason        TEXT,
    decided_at    INTEGER,
    alarmed_at    INTEGER,                   -- people were told that it takes longer than timeout-minutes (M5)
    gone_at       INTEGER,                   -- its host said that its supervisor is gone, with an end or without
    evidence      TEXT,                      -- JSON, kept when it failed or became unknown: output, boots, journal, approvals
    late_state    TEXT CHECK (late_state = 'succeeded' OR late_state = 'failed' OR late_state = 'not_started' OR late_state = 'unknown'),  -- a true end after a person decided
    late_at       INTEGER,
    CHECK ((voided_at IS NULL) = (voided_by IS NULL)),
    UNIQUE (database, epoch),
    UNIQUE (database, repository_id, release_number, n)
) STRICT;
CREATE UNIQUE INDEX attempts_one_unsettled ON attempts (database) WHERE settled_at IS NULL;              -- M2, G1
CREATE UNIQUE INDEX attempts_one_success ON attempts (database, repository_id, release_number)
    WHERE state = 'succeeded' AND voided_at IS NULL;                                                    -- M2, I3

CREATE TABLE probes (                        -- a read-only question to a database, asked on a host
    id          INTEGER PRIMARY KEY,
    attempt_id  INTEGER NOT NULL REFERENCES attempts (id),
    command_id  TEXT UNIQUE REFERENCES commands (id),        -- NULL = not sent yet
    host_id     TEXT REFERENCES hosts (id),
    asked_at    INTEGER NOT NULL,
    asked_by    TEXT NOT NULL,
    ended_at    INTEGER,                     -- NULL = no answer yet
    pending     INTEGER,                     -- migrations that were not applied; NULL = it did not say
    holders     INTEGER,                     -- named backends and holders of the lock; NULL = it did not say
    note        TEXT                         -- what it said, or why it said nothing
) STRICT;
CREATE INDEX probes_by_attempt ON probes (attempt_id, asked_at);
CREATE UNIQUE INDEX probes_open ON probes (attempt_id) WHERE ended_at IS NULL;

-- Hosts -----------------------------------------------------------------------------------------

CREATE TABLE activations (
    id           TEXT PRIMARY KEY,           -- UUID, public
    code_digest  TEXT NOT NULL,              -- SHA-256 of the code, which is shown once
    name         TEXT,                       -- the one host it is for; NULL if `prefix`
    prefix       TEXT,                       -- hosts get PREFIX1, PREFIX2 ...
    registration_limit INTEGER NOT NULL,
    registrations INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL,
    created_by   TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    CHECK (registrations <= registration_limit),
    CHECK ((name IS NULL) <> (prefix IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE activation_words (              -- what an AWS caller said of an activation of his
    activation_id TEXT PRIMARY KEY REFERENCES activations (id),
    iam_role     TEXT NOT NULL,
    description  TEXT,
    default_name TEXT                        -- DefaultInstanceName
) STRICT, WITHOUT ROWID;

CREATE TABLE activation_tags (
    activation_id TEXT NOT NULL REFERENCES activations (id),
    key           TEXT NOT NULL,
    value         TEXT NOT NULL,
    PRIMARY KEY (activation_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE hosts (
    id            TEXT PRIMARY KEY,          -- mi- and 17 hex digits, issued at registration; of AWS its instance id
    name          TEXT NOT NULL,             -- as in the configuration; of AWS the id
    state         TEXT NOT NULL CHECK (state = 'registered' OR state = 'barred' OR state = 'deregistered'),
    transport     TEXT NOT NULL DEFAULT 'agent' CHECK (transport = 'agent' OR transport = 'ssm'),  -- it polls here, or AWS carries
    activation_id TEXT REFERENCES activations (id),  -- NULL = AWS told of it
    fingerprint   TEXT NOT NULL,             -- the agent's own, kept over registrations; '' of AWS
    registered_at INTEGER NOT NULL,          -- of AWS: when it was first told of
    seen_at       INTEGER,                   -- last ping, poll or reply; of AWS: when it last said that it is online
    came_at       INTEGER,                   -- heard again after a silence, none earlier than those before it; NULL = it never was silent
    drained_at    INTEGER,                   -- a person took it out: in no snapshot from then on; NULL = it is not drained
    put_back_at   INTEGER,                   -- a person undrained it or accepted its journal
    agent         TEXT,                      -- name and version of its agent, as it says
    platform      TEXT,                      -- as it says
    platform_type TEXT,                      -- as it says: Linux, MacOS, Windows
    computer_name TEXT,                      -- as it says
    ip_address    TEXT,                      -- as it says
    protocol      INTEGER,                   -- of `Slipway.*`; NULL = another agent
    journal_id    TEXT,                      -- of its journal; NULL until observed
    boot_id       TEXT,                      -- of its kernel
    record_number INTEGER,                   -- highest record the server was told of
    earlier_boot_id TEXT,                    -- the one before `boot_id`; heard again, two machines have one key
    doubt         TEXT,                      -- for people: why it is barred, or its key suspended
    doubt_journal_id TEXT,                   -- the other journal that spoke under its key
    signing_key   TEXT,                      -- the newest of the server's that it says to believe, base64url
    suspended_at  INTEGER,                   -- its key opens nothing until a person accepts its journal (T35)
    strict        TEXT,                      -- it runs only host_documents: the digest of their list; NULL = what is signed
    CHECK ((activation_id IS NULL) = (transport = 'ssm'))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX hosts_one_name ON hosts (name) WHERE state <> 'deregistered';
CREATE INDEX hosts_of_aws ON hosts (id) WHERE transport = 'ssm';
CREATE INDEX hosts_by_coming ON hosts (came_at) WHERE came_at IS NOT NULL;

CREATE TABLE signing_keys (                  -- by which this server signs for its hosts; the private halves are files
    number       INTEGER PRIMARY KEY CHECK (number >= 1),
    key          TEXT NOT NULL UNIQUE,       -- public half, base64url
    announcement TEXT,                       -- exact bytes that the key before it signed; NULL = the first one
    signature    TEXT,                       -- base64
    announced_at INTEGER NOT NULL,
    until        INTEGER,                    -- so long hosts take it up
    in_force_at  INTEGER,                    -- it signs since; NULL = not yet
    CHECK ((announcement IS NULL) = (number = 1) AND (signature IS NULL) = (number = 1)
           AND (until IS NULL) = (number = 1))
) STRICT;
CREATE UNIQUE INDEX signing_keys_one_announced ON signing_keys ((in_force_at IS NULL)) WHERE in_force_at IS NULL;

CREATE TABLE host_keys (
    host_id     TEXT NOT NULL REFERENCES hosts (id),
    spki        TEXT NOT NULL,               -- base64 of the DER public key, RSA
    added_at    INTEGER NOT NULL,
    retired_at  INTEGER,
    PRIMARY KEY (host_id, spki)
) STRICT, WITHOUT ROWID;

CREATE TABLE host_tags (
    host_id     TEXT NOT NULL REFERENCES hosts (id),
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (host_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX host_tags_by_value ON host_tags (key, value, host_id);

CREATE TABLE host_documents (                -- what a host in strict mode runs: the documents on its own disk
    host_id     TEXT NOT NULL REFERENCES hosts (id),
    digest      TEXT NOT NULL,               -- of its exact bytes
    PRIMARY KEY (host_id, digest)
) STRICT, WITHOUT ROWID;

-- Hosts by AWS SSM ------------------------------------------------------------------------------

CREATE TABLE sends (                         -- one SendCommand of ours at AWS: committed before it is asked for
    id          TEXT PRIMARY KEY,            -- UUID; AWS has it in Comment, as slipway:ID. Of a run the command's own: one at most
    act         TEXT NOT NULL CHECK (act = 'run' OR act = 'revoke'),
    command_id  TEXT NOT NULL REFERENCES commands (id),
    host_id     TEXT NOT NULL REFERENCES hosts (id),
    state       TEXT NOT NULL CHECK (state = 'intended' OR state = 'unclear' OR state = 'sent' OR state = 'ended' OR state = 'refused' OR state = 'given-up' OR state = 'lost'),
    aws_id      TEXT,                        -- the command's id at AWS; NULL = not known
    intended_at INTEGER NOT NULL,
    tried_at    INTEGER,                     -- a call for it began then that may have been heard; NULL = none, AWS has nothing of it
    word        TEXT,                        -- what AWS said last: its StatusDetails; NULL = nothing yet
    word_at     INTEGER,                     -- since when
    note        TEXT,                        -- for people: why it is not sent, not clear or lost
    CHECK (act = 'revoke' OR id = command_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sends_open ON sends (id) WHERE state = 'intended' OR state = 'unclear' OR state = 'sent';
CREATE INDEX sends_by_command ON sends (command_id, id);

-- AWS callers at the door ------------------------------------------------------------------------

CREATE TABLE access_keys (                   -- the secret is derived from the server's own key and stored nowhere
    id          TEXT PRIMARY KEY,            -- AKIA and 16 capitals or digits
    name        TEXT NOT NULL,
    shell       INTEGER NOT NULL CHECK (shell IN (0, 1)),      -- 1 = any script
    any_host    INTEGER NOT NULL CHECK (any_host IN (0, 1)),   -- 1 = tags do not bind it
    manages_documents INTEGER NOT NULL CHECK (manages_documents IN (0, 1)),
    manages_hosts INTEGER NOT NULL CHECK (manages_hosts IN (0, 1)),  -- activations, deregistering
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    expires_at  INTEGER,
    used_at     INTEGER,                     -- last use, to the hour
    ended_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX access_keys_one_open ON access_keys (name) WHERE ended_at IS NULL;

CREATE TABLE door_documents (                -- names of documents that callers made
    name        TEXT PRIMARY KEY,
    latest_version INTEGER NOT NULL,
    default_version INTEGER NOT NULL,
    target_type TEXT,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL                -- key:NAME
) STRICT, WITHOUT ROWID;

CREATE TABLE door_document_versions (
    name        TEXT NOT NULL REFERENCES door_documents (name),
    version     INTEGER NOT NULL CHECK (version > 0),
    digest      TEXT NOT NULL REFERENCES documents (digest),  -- what hosts get, JSON
    source      TEXT,                        -- YAML, where its maker wrote it so; NULL = the JSON itself
    version_name TEXT,
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX door_document_versions_by_name ON door_document_versions (name, version_name)
    WHERE version_name IS NOT NULL;

CREATE TABLE door_commands (                 -- what a command has that was sent at the door
    command_id  TEXT PRIMARY KEY REFERENCES commands (id),
    key_name    TEXT NOT NULL,               -- of the access key: keys of one name see each other's commands
    key_id      TEXT NOT NULL REFERENCES access_keys (id),
    document_name TEXT NOT NULL,
    document_version TEXT NOT NULL,          -- number
    instance_ids TEXT NOT NULL,              -- JSON list, as asked
    targets     TEXT NOT NULL,               -- JSON list, as asked
    echo        TEXT NOT NULL,               -- JSON object: members that are only given back
    max_concurrency TEXT NOT NULL,           -- as asked: a number or a percentage
    max_errors  TEXT NOT NULL,
    concurrency INTEGER NOT NULL CHECK (concurrency > 0),    -- resolved
    budget      INTEGER NOT NULL CHECK (budget >= 0),
    timeout_s   INTEGER NOT NULL,            -- to start
    execution_s INTEGER NOT NULL,            -- of all steps
    expires_at  INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    n_targets   INTEGER NOT NULL,            -- rows to come; nothing is handed out before all are there
    written_at  INTEGER,                     -- when all were there
    status      TEXT NOT NULL CHECK (status = 'Pending' OR status = 'InProgress' OR status = 'Success' OR status = 'Cancelled' OR status = 'Failed' OR status = 'TimedOut' OR status = 'Cancelling'),
    details     TEXT NOT NULL,
    n_completed INTEGER NOT NULL DEFAULT 0,
    n_errors    INTEGER NOT NULL DEFAULT 0,
    n_undelivered INTEGER NOT NULL DEFAULT 0,
    cancel_at   INTEGER,                     -- the whole of it is to end
    ended_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX door_commands_open ON door_commands (command_id) WHERE ended_at IS NULL;
CREATE INDEX door_commands_by_key ON door_commands (key_name, command_id);

CREATE TABLE step_outputs (                  -- what an agent sent of a step's output with its reply (ssm-wire 6)
    command_id  TEXT NOT NULL,
    host_id     TEXT NOT NULL,
    number      INTEGER NOT NULL,
    output      TEXT NOT NULL,               -- at most 24,000 characters
    error_output TEXT NOT NULL,              -- at most 8,000
    PRIMARY KEY (command_id, host_id, number),
    FOREIGN KEY (command_id, host_id, number) REFERENCES steps (command_id, host_id, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE access_key_words (              -- what an access key lists
    key_id      TEXT NOT NULL REFERENCES access_keys (id),
    kind        TEXT NOT NULL CHECK (kind = 'document' OR kind = 'tag' OR kind = 'environment'),
    word        TEXT NOT NULL,               -- name of a document or environment, key of a tag
    value       TEXT NOT NULL,               -- of a tag, else ''
    PRIMARY KEY (key_id, kind, word, value)
) STRICT, WITHOUT ROWID;

-- People and the account of what was done -------------------------------------------------------

CREATE TABLE people (                        -- what account at GitHub a login means (A4): bound once, then ids are compared
    login       TEXT PRIMARY KEY,            -- lower case: GitHub's logins are the same in either case
    shown       TEXT NOT NULL,               -- as GitHub writes it
    github_id   INTEGER NOT NULL,            -- several logins of one account: it was renamed
    bound_at    INTEGER NOT NULL,
    bound_by    TEXT NOT NULL CHECK (bound_by = 'delivery' OR bound_by = 'github' OR bound_by = 'person'),  -- whose word it is
    other_id    INTEGER,                     -- another account that came under this login: refused until accepted
    other_at    INTEGER,                     -- when it was seen first
    CHECK (github_id > 0 AND login = lower(login)),
    CHECK ((other_id IS NULL) = (other_at IS NULL)),
    CHECK (other_id IS NULL OR other_id <> github_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX people_by_id ON people (github_id);

CREATE TABLE addresses (                     -- whose an address is, as GitHub says it of the commits of a push (A2)
    email       TEXT NOT NULL,               -- lower case
    login       TEXT NOT NULL,               -- lower case; of an address that changed hands all count
    heard_at    INTEGER NOT NULL,
    PRIMARY KEY (email, login),
    CHECK (email = lower(email) AND login = lower(login))
) STRICT, WITHOUT ROWID;
CREATE INDEX people_open_refusals ON people (login) WHERE other_id IS NOT NULL;

CREATE TABLE tokens (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    token_digest TEXT NOT NULL UNIQUE,       -- SHA-256 of the token, which is shown once
    rights      TEXT NOT NULL,               -- comma list: what it has by itself, or, if it stands for a person, at most
    github_id   INTEGER,                     -- account of the person it stands for; NULL = it stands for itself
    login       TEXT,                        -- of that person when it was made
    scope       TEXT,                        -- owner/name or owner/name/environment, nothing outside; NULL = everywhere
    created_at  INTEGER NOT NULL,
    created_by  TEXT NOT NULL,
    expires_at  INTEGER,
    used_at     INTEGER,                     -- last use, to the hour
    revoked_at  INTEGER,
    CHECK ((github_id IS NULL) = (login IS NULL))
) STRICT;
CREATE UNIQUE INDEX tokens_one_name ON tokens (name) WHERE revoked_at IS NULL;

CREATE TABLE journal (                       -- each act and each decision, chained by hash from the first row (A5)
    id          INTEGER PRIMARY KEY,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,               -- github:ID:LOGIN, token:NAME, uid:N, host:ID, slipway
    way         TEXT NOT NULL,               -- cli, api, webhook, door, ssm, timer
    act         TEXT NOT NULL,               -- noun.verb: deployment.start, token.add ...
    subject     TEXT NOT NULL,               -- what it was done to: repo/environment/rN, host id, command id
    detail      TEXT NOT NULL,               -- JSON object
    reason      TEXT,
    hash        TEXT NOT NULL                -- SHA-256 over the previous row's hash and this row's columns
) STRICT;
CREATE INDEX journal_by_time ON journal (at);

CREATE TABLE watermarks (                    -- up to when a source is known to be seen (W5)
    source      TEXT PRIMARY KEY,            -- e.g. mirror/owner/name
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Schedules -------------------------------------------------------------------------------------

CREATE TABLE schedules (                     -- each `at` in force, so that an edit never fires one (F6)
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT NOT NULL,
    rule          TEXT NOT NULL,             -- HH:MM:SS and zone
    since         INTEGER NOT NULL,          -- accepted at; occurrences before it are not ours
    PRIMARY KEY (repository_id, environment, rule)
) STRICT, WITHOUT ROWID;

CREATE TABLE schedule_days (                 -- days with starts when a calendar was accepted: one that an edit opens was none (F6)
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT NOT NULL,
    days          TEXT NOT NULL,             -- local dates, with blanks
    known_until   INTEGER NOT NULL,
    PRIMARY KEY (repository_id, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE calendar_spans (                -- windows and freezes of the configuration in force, as the calendar feed tells of them (F9)
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT NOT NULL,
    spans         TEXT NOT NULL,             -- a line for each: kind, from, to in seconds, name
    known_until   INTEGER NOT NULL,
    sequence      INTEGER NOT NULL,          -- the highest of all is that of what the feed tells: it only goes up
    PRIMARY KEY (repository_id, environment)
) STRICT, WITHOUT ROWID;

CREATE TABLE calendar_dropped (              -- what another configuration dropped after the feed may have told of it
    id            INTEGER PRIMARY KEY,
    repository_id INTEGER NOT NULL REFERENCES repositories (id),
    environment   TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('window', 'freeze')),
    name          TEXT NOT NULL,             -- of a freeze; '' of a window
    from_at       INTEGER NOT NULL,
    to_at         INTEGER NOT NULL,
    dropped_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX calendar_dropped_by_time ON calendar_dropped (dropped_at);

CREATE TABLE holiday_years (                 -- years for which a list was imported: `holidays: jp` follows it there (F8)
    year          INTEGER PRIMARY KEY,
    source        TEXT NOT NULL,             -- name of the file
    actor         TEXT NOT NULL,
    imported_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE holidays (
    day           INTEGER PRIMARY KEY,       -- since 1970-01-01
    year          INTEGER NOT NULL REFERENCES holiday_years (year),
    name          TEXT NOT NULL
) STRICT;
CREATE INDEX holidays_by_year ON holidays (year);

CREATE INDEX attempts_by_deployment ON attempts (deployment_id);
