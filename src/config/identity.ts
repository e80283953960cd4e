/** The private key that ssh is to use. */
export interface Identity {
  /** Where it is, for messages; undefined when it comes from an environment variable. */
  readonly path: string | undefined;
  /** The whole text, including the line end at its end if there is one. */
  readonly text: string;
  /** The text of `PATH.pub`, if there is one: ssh offers the key in it, even if it belongs to another private key. */
  readonly publicText?: string;
}

/** What ssh gets besides the key. */
interface KeyHelp {
  /** Something types the passphrase. */
  readonly passphrase?: boolean;
  /** An agent holds the private key, so that the file may be the public one. */
  readonly agent?: boolean;
}

const PUBLIC_KEY = /^(?:(?:ssh|ecdsa|sk)-\S+ AAAA|---- BEGIN SSH2 PUBLIC KEY)/m;
const OPENSSH = /^-----BEGIN OPENSSH PRIVATE KEY-----\r?$/m;
const OPENSSH_MAGIC = 'openssh-key-v1\0';

/**
 * Says why ssh cannot use a private key, as far as its text shows. ssh itself only says "error in libcrypto", or that
 * the other side does not accept the key. Measured with OpenSSH 9.2: OpenSSH's own format needs the last line end and
 * does not allow CRLF; the PEM formats do not care.
 * @returns what is wrong and what to do; undefined when nothing is known to be wrong
 */
export function identityProblem({ path, text, publicText }: Identity, help: KeyHelp = {}): string | undefined {
  const file = path ?? 'FILE';
  const typed = help.passphrase === true || help.agent === true;
  if (text.startsWith('\uFEFF')) {
    return `the private key begins with a byte order mark, which ssh cannot read: sed -i '1s/^\\xEF\\xBB\\xBF//' ${file}`;
  }
  if (isPublicKey(text)) {
    if (help.agent === true) return undefined;
    return `this is a public key. Name the private one${path?.endsWith('.pub') === true ? `: ${path.slice(0, -4)}` : ', which ssh-keygen wrote beside it'}; or, if an agent holds that, give its socket with agent:`;
  }
  if (!OPENSSH.test(text)) return encryptedPem(text) && !typed ? passphrase(file) : undefined;
  if (text.includes('\r')) {
    return `the private key has the line ends of Windows, which ssh cannot read: sed -i 's/\\r$//' ${file}`;
  }
  // Without its END line the key is cut short. A line end would not repair that; ssh reports it.
  if (path !== undefined && /^-----END OPENSSH PRIVATE KEY-----$/m.test(text) && !text.endsWith('\n')) {
    return `the last line of the private key has no line end, so ssh cannot read it: echo >> ${file}`;
  }
  const key = readOpenSsh(text);
  if (key === undefined) return undefined;
  if (key.cipher !== 'none' && !typed) return passphrase(file);
  const beside = publicText === undefined ? undefined : publicBlob(publicText);
  if (beside !== undefined && !beside.equals(key.publicBlob)) {
    return `${file}.pub belongs to another key, and ssh would offer that one: ssh-keygen -y -f ${file} > ${file}.pub`;
  }
  return undefined;
}

/** Whether a text is a public key, which need not be hidden. */
export function isPublicKey(text: string): boolean {
  return PUBLIC_KEY.test(text);
}

function passphrase(file: string): string {
  return `the private key has a passphrase, and nobody is there to type it when a timer starts a run. Say where it is, such as passphrase: { credential: vault-passphrase }; or make a key for this purpose alone (ssh-keygen -t ed25519 -N '' -f ${file}.new); or take the passphrase away: ssh-keygen -p -f ${file}`;
}

function encryptedPem(text: string): boolean {
  return /^-----BEGIN ENCRYPTED PRIVATE KEY-----/m.test(text) || /^Proc-Type: 4,ENCRYPTED/m.test(text);
}

/** The part of a key in OpenSSH's own format that is never encrypted (openssh-portable, PROTOCOL.key). */
function readOpenSsh(text: string): { cipher: string; publicBlob: Buffer } | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----\n([A-Za-z0-9+/=\s]+)-----END/.exec(text)?.[1] ?? '';
  const bytes = Buffer.from(body, 'base64');
  if (!bytes.subarray(0, OPENSSH_MAGIC.length).equals(Buffer.from(OPENSSH_MAGIC))) return undefined;
  let at = OPENSSH_MAGIC.length;
  const next = (): Buffer | undefined => {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32BE(at);
    const field = end > bytes.length ? undefined : bytes.subarray(at + 4, end);
    at = end;
    return field;
  };
  const cipher = next();
  next(); // key derivation
  next(); // its options
  at += 4; // number of keys: always one
  const blob = next();
  return cipher && blob ? { cipher: cipher.toString('latin1'), publicBlob: blob } : undefined;
}

function publicBlob(text: string): Buffer | undefined {
  const base64 = /^\S+ (AAAA\S+)/m.exec(text)?.[1];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
}
