import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';

/** A data key: what seals, and the same wrapped by KMS (base64) to be kept. */
export interface DataKey {
  readonly plain: Uint8Array;
  readonly wrapped: string;
}

/** Data keys, one for each organization, wrapped by a key that never leaves KMS. */
export interface DataKeySource {
  generate(organization: string): Promise<DataKey>;
  unwrap(organization: string, wrapped: string): Promise<Uint8Array>;
}

/** Makes and unwraps data keys; the organization is the encryption context, so that another's key does not unwrap. */
export function openDataKeySource(client: KMSClient, keyId: string): DataKeySource {
  const contextOf = (organization: string) => ({ organization });
  return {
    async generate(organization) {
      const { Plaintext, CiphertextBlob } = await client.send(
        new GenerateDataKeyCommand({
          KeyId: keyId,
          KeySpec: 'AES_256',
          EncryptionContext: contextOf(organization),
        }),
      );
      if (!Plaintext || !CiphertextBlob) throw new Error('KMS has answered without a data key.');
      return { plain: Plaintext, wrapped: Buffer.from(CiphertextBlob).toString('base64') };
    },
    async unwrap(organization, wrapped) {
      const { Plaintext } = await client.send(
        new DecryptCommand({
          KeyId: keyId,
          CiphertextBlob: Buffer.from(wrapped, 'base64'),
          EncryptionContext: contextOf(organization),
        }),
      );
      if (!Plaintext) throw new Error('KMS has answered without a data key.');
      return Plaintext;
    },
  };
}
