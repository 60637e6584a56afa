// A PUBLISH with QoS 0 as bytes (MQTT 3.1.1 and 5, clause 3.3): these are thousands a second, and the library takes ten times as long
// for each. Sends nothing.

/**
 * Encodes a PUBLISH with QoS 0 and without properties.
 * @param topic at most 65,535 bytes in UTF-8
 * @param version of MQTT; only 5 has properties, of which there are none
 */
export function publishPacket(
  topic: string,
  payload: string,
  retain: boolean,
  version: 5 | 4,
): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const propertyBytes = version === 5 ? 1 : 0;
  const rest = 2 + topicBytes + propertyBytes + Buffer.byteLength(payload);
  const lengthBytes = rest < 128 ? 1 : rest < 16_384 ? 2 : rest < 2_097_152 ? 3 : 4;
  const packet = Buffer.allocUnsafe(1 + lengthBytes + rest);
  packet[0] = retain ? 0x31 : 0x30;
  let at = 1;
  for (let left = rest; at <= lengthBytes; at++) {
    packet[at] = at < lengthBytes ? (left & 127) | 128 : left;
    left >>>= 7;
  }
  packet[at++] = topicBytes >>> 8;
  packet[at++] = topicBytes & 255;
  at += packet.write(topic, at);
  if (propertyBytes > 0) packet[at++] = 0;
  packet.write(payload, at);
  return packet;
}
