"""Answers with rows of the database. The description of all paths is at /docs."""

import logging
import os

import psycopg
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from psycopg.rows import dict_row
from pydantic import BaseModel

app = FastAPI(title="Greetings")


class NewGreeting(BaseModel):
    message: str


async def query(sql, *values):
    """The rows that a statement gives, in a transaction of its own."""
    connecting = psycopg.AsyncConnection.connect(
        os.environ["DATABASE_URL"], connect_timeout=3, row_factory=dict_row
    )
    async with await connecting as connection:
        cursor = await connection.execute(sql, values)
        return await cursor.fetchall()


@app.get("/")
async def first():
    rows = await query(
        "SELECT message, current_database() AS database FROM greetings ORDER BY id LIMIT 1"
    )
    if not rows:
        raise HTTPException(404, "there is no greeting")
    return {**rows[0], "environment": os.environ["ENVIRONMENT"]}


@app.get("/greetings")
async def all_of_them():
    return await query("SELECT id, message FROM greetings ORDER BY id")


@app.post("/greetings", status_code=201)
async def add(greeting: NewGreeting):
    rows = await query(
        "INSERT INTO greetings (message) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id, message",
        greeting.message,
    )
    if not rows:
        raise HTTPException(409, "this greeting is there already")
    return rows[0]


@app.get("/health")
async def health():
    await query("SELECT 1")
    return {"healthy": True}


@app.exception_handler(psycopg.OperationalError)
async def unreachable(request: Request, error: psycopg.OperationalError):
    logging.getLogger("uvicorn.error").error("database: %s", error)
    return JSONResponse({"detail": "the database does not answer"}, status_code=503)
