"""What is printed while settings are read and reloaded.

These lines go to the terminal and never into the log: settings are read before there is a log.
"""

from yett.events import console

watch_failed = console(
    "[CONFIG] Warning: Failed to start hot-reload system: %v",
    advice="The gateway runs, but changes to the configuration need a restart or `yett config reload`. "
    "Often the limit of inotify watches is reached (fs.inotify.max_user_instances).",
)
directory_loaded = console(
    "[CONFIG] Loading configuration from directory: %s",
    advice="Every *.toml in the directory is read, in the order of the names. Nothing to do.",
)
deprecated = console(
    "[CONFIG] DEPRECATED: %s is deprecated — %s",
    advice="The old key still works. Change the file to what the line says before the next major version.",
    stream="stderr",
)
corrected = console(
    "[CONFIG] Warning: %s: expected %s, got %s — %s",
    advice="The value has the wrong type but only one meaning, and that was used. Correct the file.",
    stream="stderr",
)
stray_variable = console(
    "[CONFIG] Warning: environment variable %s is ignored — %s",
    advice="A variable that begins with YETT_ belongs to no setting. Check its spelling, or remove it.",
    stream="stderr",
)
mistake = console(
    "[CONFIG] Mistake: %s",
    advice="One line for each mistake of a configuration that was refused. Mend them all, then try again.",
    stream="stderr",
)

watch_started = console(
    "[CONFIG-HOTRELOAD] Hot reload system started",
    advice="From now on, changes to the configuration take effect within a second. Nothing to do.",
)
watch_stopped = console(
    "[CONFIG-HOTRELOAD] Hot reload system stopped",
    advice="The gateway is stopping. At any other time, changes to files go unnoticed from now on.",
)
file_changed = console(
    "[CONFIG-HOTRELOAD] Config file changed, triggering reload",
    advice="The content differs from what is in force; a file that was only touched is passed over.",
)
reloaded = console(
    "[CONFIG-HOTRELOAD] Config reload successful",
    advice="The new settings are in force and every part has been told. Nothing to do.",
)
reload_failed = console(
    "[CONFIG-HOTRELOAD] Config reload failed - keeping previous config",
    advice="The gateway goes on with the settings it had. The lines around this one say what to mend.",
)
file_deleted = console(
    "[CONFIG-HOTRELOAD] ALERT: Config file deleted - running with last valid config",
    advice="Put the file back before the gateway is restarted: without it, it will not start.",
)
file_restored = console(
    "[CONFIG-HOTRELOAD] Config file restored",
    advice="A file that was deleted is back, and is read again if it differs. Nothing to do.",
)
still_invalid = console(
    "[CONFIG-HOTRELOAD] Config still invalid - not retrying same broken config",
    advice="The files were written anew with the content that was refused before. Mend them, or force a "
    "reload with `yett config reload` when the reason lay outside of them.",
)
parse_failure = console(
    "[CONFIG-HOTRELOAD] ALERT: Config parse failure",
    advice="A file cannot be read or is not TOML; the place is printed with it.",
)
validation_failure = console(
    "[CONFIG-HOTRELOAD] ALERT: Config validation failure",
    advice="The files are TOML, but a setting is unknown, missing or out of bounds; each is printed.",
)
file_missing = console(
    "[CONFIG-HOTRELOAD] ALERT: Config file missing",
    advice="A reload was asked for while there is nothing to read. Put the file back.",
)
changes_detected = console(
    "[CONFIG-HOTRELOAD] Config changes detected",
    advice="At least one setting has another value than before; each is printed below.",
)
nothing_changed = console(
    "[CONFIG-HOTRELOAD] Config reloaded with no detected changes",
    advice="Only comments, order or spelling changed: every setting has the value it had. Nothing to do.",
)
owner_raised = console(
    "[CONFIG-HOTRELOAD] Config callback panicked",
    advice="A part failed to take the new settings over and may still use the old ones. The line below "
    "names it; a restart makes it take them.",
)
blocking_owner_overdue = console(
    "[CONFIG-HOTRELOAD] WARN: Legacy config callback timed out (goroutine leaked)",
    advice="A part that cannot be interrupted took too long over the new settings; its thread goes on in "
    "the background. If this repeats, restart.",
)
owner_overdue = console(
    "[CONFIG-HOTRELOAD] WARN: Config callback timed out (context cancelled)",
    advice="A part took too long over the new settings and was interrupted; it may use a part of each. "
    "Reload again, or restart.",
)
owner_stuck = console(
    "[CONFIG-HOTRELOAD] WARN: Context-aware callback not respecting cancellation",
    advice="A part was told to stop taking the new settings over, and did not. Restart when convenient.",
)
cache_invalidated = console(
    "[CONFIG-HOTRELOAD] Config cache invalidated",
    advice="Values worked out from the previous settings were dropped. Nothing to do.",
)
burst_combined = console(
    "[CONFIG-HOTRELOAD] Hot reload configuration optimized",
    advice="Several changes in a row were taken together and read once. Nothing to do.",
)
setting_changed = console(
    "[CONFIG-HOTRELOAD] Changed: %s: %s → %s",
    advice="One setting that has another value from now on; secrets are masked.",
)
restart_needed = console(
    "[CONFIG-HOTRELOAD] Restart needed: %s stays %s until then",
    advice="The key cannot change while the gateway runs. Restart it at a quiet moment.",
)
owner_failed = console(
    "[CONFIG-HOTRELOAD] Owner %s: %s",
    advice="Says which part the line above is about, and what went wrong.",
    stream="stderr",
)
