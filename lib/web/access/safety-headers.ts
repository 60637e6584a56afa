// Owns the security headers of every response: only the dashboard's own scripts and styles run, no other site can frame
// it, browsers do not guess content types, and no referrer is sent. Never sets any other header.

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers: readonly (readonly [string, string])[] = [
  ["content-security-policy", policy],
  ["x-content-type-options", "nosniff"],
  ["referrer-policy", "no-referrer"],
  ["cross-origin-resource-policy", "same-origin"],
  ["cross-origin-opener-policy", "same-origin"],
  ["x-frame-options", "DENY"],
  ["permissions-policy", "camera=(), geolocation=(), microphone=()"],
];

/** Adds the headers to a response and returns it. */
export function secured(response: Response): Response {
  for (const [name, value] of headers) response.headers.set(name, value);
  return response;
}
