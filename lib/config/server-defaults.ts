// What the server's settings are where nothing gives them, as texts of flags. The flags that are missing here have no value
// then. Parses nothing.

/** The defaults, by flag. */
export const defaults = {
  host: "::",
  db: "iot_server.db",
  "log-dir": "log",
  "log-to": "files",
  "log-format": "text",
  "log-level": "info",
  "offline-after": "9m",
  join: "open",
  "key-policy": "replace",
} as const;
