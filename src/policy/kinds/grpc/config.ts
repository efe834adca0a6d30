/** What is asked of the heads of gRPC calls; there is nothing to choose. */
export type GrpcConfig = Readonly<Record<string, never>>;
