#!/usr/bin/env python
"""A query through the pool: it answers, and so does the database behind it."""

import os

import psycopg2

psycopg2.connect(
    host="127.0.0.1",
    port=6432,
    dbname=os.environ["DB_NAME"],
    user=os.environ["DB_USER"],
    password=os.environ["DB_PASSWORD"],
    connect_timeout=2,
).cursor().execute("SELECT 1")
