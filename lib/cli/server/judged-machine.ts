// Judges the facts of a machine for a server: which of them are well, which are not, and what to do. Measures nothing.

import { type Finding, fine } from "./findings.ts";

/** Before this program was made no clock can be right, ms since 1970: 2026. */
const earliestMs = Date.UTC(2026, 0, 1);
const roomBytesLeast = 100e6;
const roomBytesWanted = 1e9;
const bufferBytesWanted = 8 << 20;
const filesWanted = 4_096;

/** @param isSynchronized null if it is not known @param wallMs the wall clock, ms since 1970 */
export function judgeClock(isSynchronized: boolean | null, wallMs: number): Finding {
  const subject = "clock";
  const shown = `${new Date(wallMs).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  const nextStep = "Have it set: timedatectl set-ntp true, or install chrony.";
  if (wallMs < earliestMs) {
    return { subject, grade: "bad", says: `says ${shown}, which has passed`, nextStep };
  }
  if (isSynchronized === false) {
    return {
      subject,
      grade: "warning",
      says: `says ${shown}, and nobody keeps it right`,
      nextStep,
    };
  }
  return fine(subject, isSynchronized === null ? `says ${shown}` : `${shown}, kept right`);
}

/** @param path what will be written there @param room null if it is not known */
export function judgeRoom(
  path: string,
  room: { readonly bytes: number; readonly share: number } | null,
): Finding {
  const subject = "disk";
  if (room === null) return fine(subject, `${path}: its room is not known`);
  const says = `${path}: ${gigabytes(room.bytes)} free, ${Math.floor(room.share * 100)}%`;
  if (room.bytes >= roomBytesWanted) return fine(subject, says);
  const grade = room.bytes < roomBytesLeast ? "bad" : "warning";
  return { subject, grade, says, nextStep: "Make room, or keep less: --retain 90d." };
}

/** @param why as `whyUnwritable` @param flag the flag that names another folder */
export function judgeRights(folder: string, why: string | null, flag: string): Finding {
  const subject = "rights";
  if (why === null) return fine(subject, `${folder} can be written`);
  const nextStep = `Let this user write there, run it as the user of the server, or give ${flag}.`;
  return { subject, grade: "bad", says: `${folder} cannot be written (${why})`, nextStep };
}

/** @param bytes the largest for this user; null if it is not known @param isRoot root may exceed it */
export function judgeBuffer(bytes: number | null, isRoot: boolean): Finding {
  const subject = "buffer";
  if (bytes === null || isRoot || bytes >= bufferBytesWanted) {
    return fine(subject, "the receive buffer can have 8 MiB");
  }
  return {
    subject,
    grade: "warning",
    says: `the receive buffer has ${Math.floor(bytes / 1024)} KiB at most: bursts may be lost`,
    nextStep: `As root: sysctl -w net.core.rmem_max=${bufferBytesWanted} (and in /etc/sysctl.d).`,
  };
}

/** @param count how many files may be open; null if it is not known */
export function judgeFiles(count: number | null): Finding {
  const subject = "files";
  if (count === null || count >= filesWanted) {
    return fine(subject, count === null ? "their limit is not known" : `${count} may be open`);
  }
  const says = `only ${count} may be open: connections to the dashboard may be refused`;
  return { subject, grade: "warning", says, nextStep: "Raise it: ulimit -n 65536." };
}

function gigabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
