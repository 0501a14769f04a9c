FROM debian:bookworm-slim
COPY . /all
CMD ["sleep", "infinity"]
