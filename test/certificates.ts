// Certificates for servers that tests start, made by openssl.

/** Makes an authority, `ca.pem`, and a certificate of it for 127.0.0.1 and localhost, `server.pem` with `server.key`, in a folder. */
export function makeCertificates(folder: string): void {
  const shell = `
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=test authority" -keyout ca.key -out ca.pem &&
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr &&
    printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > names &&
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem`;
  const made = Bun.spawnSync(["sh", "-c", shell], { cwd: folder });
  if (made.exitCode !== 0) throw new Error(`openssl failed: ${made.stderr.toString()}`);
}
