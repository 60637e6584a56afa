// Owns the codes of the errors of the HTTP interface. Never says what is wrong in a single case.

/** The codes, each with its HTTP status and title. */
export const problems = {
  "bad-parameter": [400, "A parameter is wrong"],
  "bad-body": [400, "The body is wrong"],
  "bad-rule": [400, "The rule is wrong"],
  "bad-message": [400, "The message of the command is wrong"],
  "bad-ttl": [400, "The time for which the command is kept is wrong"],
  "login-required": [401, "A login is required"],
  "login-refused": [401, "The token or link is wrong"],
  "foreign-origin": [403, "Changes are made from the same origin only"],
  "no-such-route": [404, "There is nothing here"],
  "unknown-device": [404, "No such device"],
  "unknown-token": [404, "No such join token"],
  "unknown-alert": [404, "No such rule, destination or mute"],
  "unknown-command": [404, "No such command"],
  "method-not-allowed": [405, "The method does not fit"],
  "count-changed": [409, "As many devices are not meant now"],
  "queue-full": [409, "As many commands as may be are open"],
  "already-ended": [409, "The command has ended"],
  "not-logged-in": [409, "The device is not logged in"],
  "in-use": [409, "It is in use"],
  "no-room": [409, "There is no room for more"],
  "body-too-large": [413, "The body is too large"],
  "not-json": [415, "The body must be application/json"],
  "foreign-host": [421, "This host name is not served here"],
  "too-many": [429, "Too many requests"],
  "database-damaged": [500, "The database is damaged"],
  failed: [500, "The server failed"],
  busy: [503, "Busy, try again later"],
  "storage-failed": [503, "The storage failed"],
  "no-answer": [504, "The device did not answer"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;
