// The codes of ACK, of DATA in answer to a QUERY, and of QUERY, with their meaning in words. The words are for people;
// only the digits are sent.

/** The codes of ACK (clause 3.1). */
export const ack = {
  registered: "00",
  alreadyRegistered: "01",
  registrationUpdated: "02",
  idTaken: "11",
  ipTaken: "12",
  macTaken: "13",
  deregistered: "20",
  noSuchDevice: "21",
  registeredOtherwise: "30",
  credentialsRefused: "31",
  statusNoted: "40",
  statusRefused: "41",
  dataStored: "50",
  dataRefused: "51",
  queryRefused: "61",
  queryUnknown: "62",
  loggedIn: "70",
  loggedOff: "80",
  malformed: "90",
  unknownType: "91",
  tooLong: "92",
  busy: "93",
  encryptionRequired: "94",
  storageFailed: "95",
} as const;

/** A code that an ACK may carry. */
export type AckCode = (typeof ack)[keyof typeof ack];

/**
 * Whether an ACK with this code may have a reason (clause 2.8): only 9x codes.
 * @param code two digits
 */
export function bearsReason(code: string): boolean {
  return code.startsWith("9");
}

/** The codes of a DATA that answers a QUERY (clause 3.2). */
export const answer = {
  found: "01",
  unknownDevice: "11",
  notLoggedIn: "12",
  noAnswer: "14",
} as const;

/** A code that a DATA in answer to a QUERY may carry. */
export type AnswerCode = (typeof answer)[keyof typeof answer];

/** The codes of QUERY (clause 3.3). */
export const query = { address: "01", latestReport: "02", loggedIn: "03", command: "04" } as const;

const ackWords: Readonly<Record<AckCode, string>> = {
  "00": "registered",
  "01": "already registered, nothing changed",
  "02": "registration updated",
  "11": "the id belongs to another device (other MAC)",
  "12": "the IP belongs to another device",
  "13": "the MAC belongs to another device",
  "20": "deregistered",
  "21": "no such device",
  "30": "registered with another MAC or IP, not removed",
  "31": "credentials refused, or not logged in",
  "40": "status noted",
  "41": "status refused: not logged in",
  "50": "data stored",
  "51": "data refused: not logged in",
  "61": "query refused: not logged in",
  "62": "unknown query code",
  "70": "logged in",
  "80": "logged off",
  "90": "malformed",
  "91": "unknown message type",
  "92": "too long",
  "93": "busy, try again later",
  "94": "encryption required",
  "95": "storage failed, nothing was stored",
};

const answerWords: Readonly<Record<AnswerCode, string>> = {
  "01": "here it is",
  "11": "unknown device",
  "12": "the device is not logged in",
  "14": "the device did not answer",
};

/**
 * The meaning of an ACK code in words.
 * @param code two digits, as received
 */
export function describeAck(code: string): string {
  return (ackWords as Record<string, string>)[code] ?? `code ${code}`;
}

/**
 * The meaning of the code of a DATA that answers a QUERY, in words.
 * @param code two digits, as received
 */
export function describeAnswer(code: string): string {
  return (answerWords as Record<string, string>)[code] ?? `code ${code}`;
}
